"""What groups do together: seven days of one small thing, done or not done.

``topics`` are reviewed data, ``calendar`` says when what is asked, ``cards`` are what is shown,
``room`` decides. What a group sees is made from a Board, which holds counts and the names that
were chosen to be shown, and from nothing else.
"""
