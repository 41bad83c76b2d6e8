"""AgileGAN's transfer (Song et al. 2021, section 4.2): from a StyleGAN2 and about 100 pictures to a stylized generator."""
