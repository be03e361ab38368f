"""Reminding customers who are late: the policy, the evidence, the letters, their sending, the page and the API.

policy, late_interest ← models ← evidence, rates ← schedule, letters ← planning ← sending ← delivery ← views, api, tasks
"""
