"""The published formulations, written plainly, one file a network: what the speed is measured against."""
