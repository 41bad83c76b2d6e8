"""Training of the demo bundle: small networks that learn from painted portraits."""
