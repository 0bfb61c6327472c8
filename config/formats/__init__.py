"""How dates are written where Django writes them by itself (`FORMAT_MODULE_PATH`)."""
