"""From images to numbers: extractors make features of images, metrics make numbers of features."""
