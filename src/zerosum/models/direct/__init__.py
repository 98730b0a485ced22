"""Direct image generators: one generator, one discriminator, told apart by the network."""
