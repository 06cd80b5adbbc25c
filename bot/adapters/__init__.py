"""The edges people and programs touch. Adapters translate; they decide nothing."""
