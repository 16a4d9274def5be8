"""The only room that imports optuna: hyperparameter search that is fair, repeatable and stored.

`protocol` says what is trained on, scored on and with which seeds; `settings` what makes two searches the same one;
`trial` trains one trial in a worker, and `judge` decides there whether it goes on; `sampling` chooses hyperparameters;
`trial_storage` keeps trials in Optuna's storage; `generations` joins them, generation by generation; `tuning` compares
the levels of an axis, each tuned alike; `campaign` carries searches out; `search_page` and `tuning_page` show what was
found.
"""
