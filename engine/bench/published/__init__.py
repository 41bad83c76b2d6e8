"""The published formulations, written plainly, one file for each network: the baseline of the speed-ups."""
