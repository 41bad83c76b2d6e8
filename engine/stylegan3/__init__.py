"""StyleGAN3 (Karras et al. 2021): generators without aliasing, in the configurations T and R."""
