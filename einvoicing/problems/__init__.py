"""What is wrong, and what to do: one answer for pages, API, e-mails and the home page.

| module | what |
|---|---|
| `transmissions.problem_of` | of one transmission: what is wrong, what to do, the steps that end it |
| `waiting.find_problems` | the same transmissions in SQL, for lists and counts |
| `broken_rules.broken_rules_of` | of a draft: each rule it breaks, where it is mended, and its fix |
| `advice` | status of a platform → title and act, sentences alone |
| `steps` | the way back of a refused invoice |
| `fixes` | what one press of a button mends |
| `places`, `fields` | where a broken rule is mended: the page of a person, the field of the API |
| `rules` | what our own rules find in a document, where no schematron asks |

`rules` and `fields` are plain Python.
"""
