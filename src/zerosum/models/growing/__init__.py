"""Systems that go from coarse to fine: networks that grow, and pyramids of them."""
