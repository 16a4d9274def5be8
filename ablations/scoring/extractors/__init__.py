"""From images to features: frozen networks, each told apart by the digest of its file."""
