"""Knowledge and retrieval: pages in, ranked and cited passages out. Knows nothing of bot/."""
