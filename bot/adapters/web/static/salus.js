"use strict";
// What the page does besides plain forms: shows how far an upload or a job is, takes dropped
// files, and looks again while figures are being gathered. Everything works without it.
(() => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  async function followJob(bar) {
    const text = document.getElementById("job-text");
    for (;;) {
      let state;
      try {
        const answer = await fetch(`/jobs/${bar.dataset.job}/state`, { redirect: "error" });
        if (!answer.ok) break;
        state = await answer.json();
      } catch {
        await wait(2000);
        continue;
      }
      if (state.ended) break;
      if (state.total > 0) {
        bar.max = state.total;
        bar.value = state.done;
        text.textContent = bar.dataset.steps.replace("%d", state.done).replace("%t", state.total);
      }
      await wait(200);
    }
    location.replace(`/jobs/${bar.dataset.job}`);
  }

  function wireUpload(form) {
    const chooser = form.elements.files;
    const list = document.getElementById("chosen");
    const place = document.getElementById("drop");
    const box = document.getElementById("sending");
    const [words, bar] = [box.querySelector("p"), box.querySelector("progress")];
    form.querySelector(".dropword").hidden = false;

    chooser.addEventListener("change", () => {
      list.replaceChildren(...[...chooser.files].map((file) => {
        const line = document.createElement("li");
        line.textContent = file.name;
        return line;
      }));
    });
    for (const name of ["dragenter", "dragover"]) {
      place.addEventListener(name, (event) => {
        event.preventDefault();
        place.classList.add("over");
      });
    }
    for (const name of ["dragleave", "drop"]) {
      place.addEventListener(name, () => place.classList.remove("over"));
    }
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      const both = new DataTransfer();
      for (const file of [...chooser.files, ...event.dataTransfer.files]) both.items.add(file);
      chooser.files = both.files;
      chooser.dispatchEvent(new Event("change"));
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const send = new XMLHttpRequest();
      const button = form.querySelector("button[type=submit]");
      const failed = () => {
        button.disabled = false;
        words.textContent = form.dataset.failed;
      };
      box.hidden = false;
      button.disabled = true;
      send.upload.addEventListener("progress", (step) => {
        const percent = step.lengthComputable ? Math.round((100 * step.loaded) / step.total) : 0;
        bar.value = percent;
        words.textContent = form.dataset.sending.replace("%p", percent);
      });
      send.addEventListener("error", failed);
      send.addEventListener("load", () => {
        const there = new URL(send.responseURL || form.action, location.href);
        if (there.pathname.startsWith("/jobs/") || there.pathname.startsWith("/add/result/")) {
          location.assign(there.pathname + there.search);
          return;
        }
        const page = new DOMParser().parseFromString(send.responseText, "text/html");
        const fault = page.querySelector("[role=alert]");
        if (!fault) {
          failed();
          return;
        }
        const old = document.querySelector("[role=alert]");
        if (old) old.remove();
        const note = document.createElement("p");
        note.className = "note bad";
        note.setAttribute("role", "alert");
        note.textContent = fault.textContent;
        form.before(note);
        box.hidden = true;
        button.disabled = false;
        note.scrollIntoView({ block: "center" });
      });
      send.open("POST", form.action);
      send.send(new FormData(form));
    });
  }

  const bar = document.querySelector("progress[data-job]");
  if (bar) followJob(bar);
  const form = document.getElementById("add");
  if (form) wireUpload(form);
  if (document.querySelector("[data-again]")) wait(1200).then(() => location.reload());
  const alert = document.querySelector("main [role=alert]");
  if (alert) {
    alert.tabIndex = -1;
    alert.focus();
  }
})();
