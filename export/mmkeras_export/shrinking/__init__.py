"""Steps that make a model smaller while it trains on: slim, prune, cluster, int8 in training."""
