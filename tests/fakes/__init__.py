"""Stand-ins for the outside, each held to the real part by a contract test."""
