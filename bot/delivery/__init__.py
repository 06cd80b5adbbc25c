"""No message lost: a durable inbox, ordered lanes, a durable outbox and a paced sender.

Knows no platform. An adapter turns events into Arrivals, handles Parcels, and delivers Letters.

    errors.py      what can become of a send, by name
    privacy.py     what is personal can only be addressed to a private place
    rich.py        formatted text as spans, split without breaking anything
    pace.py        how often a chat, a group and a bot may be written to
    unit.py        the effects of one message, held back until its reply is committed
    hurry.py       finds what cannot wait among what was accepted
    room.py        how many messages are worked on at once
    sorting.py     claims arrivals and has them handled, one lane at a time
    sender.py      takes letters out, obeys the platform, settles them
    office.py      the whole post office of one bot, under a lease
"""
