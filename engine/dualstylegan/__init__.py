"""DualStyleGAN (Yang et al. 2022): an intrinsic path for the face, an extrinsic path for the style of an exemplar."""
