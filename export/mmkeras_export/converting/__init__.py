"""A Keras model to a file that the device takes, in a process that may crash."""
