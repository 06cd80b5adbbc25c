"""Readers of foreign documents: bytes of many formats in, plain document values out.

Whatever is read here was written by strangers: it is cleaned, limited, and never obeyed.
"""
