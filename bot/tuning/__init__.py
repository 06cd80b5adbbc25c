"""Learning from thumbs: which models there are, what they may learn from, whether they got better.

    registry.py    adapters, their lineage and states; what a promotion or rollback changes
    arms.py        who is answered by which adapter

Pure values and rules; the store, model servers and files are reached through ports.
"""
