"""The certificate: real images, damaged in grades, show that each metric measures what it says.

`operations` damage images, `damages` says as data what that must do to each metric, `measure` scores, `lines` judges.
`still_read` asks the reader for what a person reads, `exchange` skews the class shares of real images,
`extractors_compared` ranks samples of stored runs, `sheets` draws some to be labelled, `by_eye` holds the labels of
several readers against the classifier's and each other's, `extractor_seeds` scores by other trainings of the
extractors; `known_distances` and `independent` hold the estimates against known distances and other implementations,
`certificate_page` shows it all.
"""
