"""The certificate: real images, damaged in grades, show that each metric measures what it says.

`operations` damage images, `damages` says as data what that must do to each metric, `measure` scores, `lines` judges,
`checks` and `agreement` hold the estimates against known distances and other implementations, `page` shows it all.
"""
