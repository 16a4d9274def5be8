"""The certificate: real images, damaged in grades, show that each metric measures what it says.

`operations` damage images, `damages` says as data what that must do to each metric, `measure` scores, `lines` judges.
`still_read` asks the reader for what a person reads, `exchange` skews the class shares of real images,
`extractors_compared` ranks samples of stored runs, `by_eye` holds labels made by eye against the reader's;
`known_distances` and `agreement` hold the estimates against known distances and other implementations,
`certificate_page` shows it all.
"""
