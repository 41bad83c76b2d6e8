"""How the demo bundle is made: from painted portraits to small networks, by regression, an adversary and an encoder."""
