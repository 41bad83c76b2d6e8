"""AgileGAN (Song et al. 2021): one generator with a path for each attribute, driven by a hierarchical VAE."""
