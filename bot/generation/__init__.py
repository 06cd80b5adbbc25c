"""The language model behind one port: any OpenAI-compatible server, or the embedded model."""
