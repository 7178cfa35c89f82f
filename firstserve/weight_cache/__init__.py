"""Making XNNPACK's weight caches; reading them is the runtime's part."""
