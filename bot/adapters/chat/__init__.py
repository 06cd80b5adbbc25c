"""What the chat platforms have in common; it knows no platform's library and no platform.

An adapter translates its events and sends its letters; what a button, a recording or an errand
means, and how a reply reads, is written here once.
"""
