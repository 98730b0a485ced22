"""Generators that are told what to make layer by layer: noise becomes styles, and styles steer a synthesis network."""
