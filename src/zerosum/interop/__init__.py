"""Official checkpoints: how their weights are named, and which sizes can be read from them; none of their code runs."""
