"""What is behind a figure: intervals, calibration, modalities, noise, the rows that fail."""
