"""Reminding customers who are late: the policy, the evidence, the letters, their sending, the pages and the API.

policy, late_interest ← models ← practice, texts, rates, interest ← evidence, schedule, letters ← planning ← sending
← notices ← papers ← delivery ← views, api, tasks
"""
