<<<<<<< HEAD
"""From images to numbers: extractors give features, metrics make numbers of them. Knows nothing of training."""
=======
"""From images to numbers: extractors make features of images, metrics make numbers of features."""
>>>>>>> yardstick
