"""BlendGAN (Liu et al. 2021): one generator for any style, given by one picture or one code."""
