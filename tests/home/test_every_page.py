"""Every page × who asks × whose row: a page lets in whom the API lets read and do the same, and nobody else.

A page that declares nothing, or that this table does not know, fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from config.kernel.models import User
from config.kernel.roles import Role, allows
from customers.models import PaymentTerms
from tests.api.test_matrix import ROUTES, patterns
from tests.api.world import World
from tests.factories import story
from tests.factories.people import a_person, signed_in
from tests.trust.at_once import WHOLE, a_share, who_knocks
from tests.unchanged import as_it_was, pages_not_drawn

pytestmark = pytest.mark.django_db

# what is no page of a company: signing in, the reader's own language, the state of the process, a link to join
# a person's own, whatever their role: tests/home/test_own_account.py
OWN = ("account", "mfa_", "password-", "usersessions_")
OUTSIDE = {"login", "logout", "language", "health", "metrics", "invitation", "founding-new"}
OUTSIDE |= {"installation", "installation-replay"}
# those of customers, opened by a link alone: tests/payments/portal
PORTAL = "payments:portal"
OTHER_DOORS = ("api", "integrations", "admin/", "^")
# these read what is sent to them, and keep nothing of it
READING_POSTS = {
    "company-switch",
    # whoever is in a company may leave it
    "company-leave",
    "billing:line-totals",
    "billing:lines-paste",
    "billing:purchase-totals",
    "billing:entry-totals",
    "billing:lettering-gap",
    "billing:purchase-order-totals",
    # what is kept is a reader's own: how they want to see a list
    "view-new",
    "view-edit",
    "view-delete",
}

# page → the routes of the API that read, and do, the same; "" where programs have no such thing
TWINS: dict[str, tuple[str, str]] = {
    "home": ("get api/company", ""),
    "dashboard": ("get api/finance/dashboard", ""),
    "dashboard-ahead": ("get api/finance/dashboard", ""),
    "dashboard-lines": ("get api/finance/dashboard", ""),
    "search": ("get api/company", ""),
    "figure": ("", ""),
    "company-switch": ("", ""),
    # the same person over several companies, which a program asks one by one
    "company-leave": ("", ""),
    "company-options": ("", ""),
    "dossiers": ("", ""),
    "people-settings": ("get api/members", ""),
    "member-edit": ("", "put api/members/<int:id>"),
    "second-factor": ("", ""),
    "member-remove": ("", "delete api/members/<int:id>"),
    "invitation-new": ("", "post api/invitations"),
    "invitation-resend": ("", "post api/invitations/<int:id>/resend"),
    "invitation-withdraw": ("", "delete api/invitations/<int:id>"),
    "trail": ("get api/audit", ""),
    # the API tells the identity alone: nothing of bank details, mentions and reminders
    # a key asks for one row at a time
    "view-new": ("", ""),
    "view-edit": ("", ""),
    "view-delete": ("", ""),
    "bulk-list": ("", ""),
    "bulk-new": ("", ""),
    "bulk-run": ("", ""),
    "bulk-stop": ("", ""),
    # people look at a list before it is taken over
    "import-list": ("", ""),
    "import-detail": ("", ""),
    "company-settings": ("", ""),
    "platform-settings": ("get api/platforms", ""),
    "platform-edit": ("", "post api/platforms/<int:id>/test"),
    "platform-test": ("", "post api/platforms/<int:id>/test"),
    "bank-settings": ("get api/bank-accounts", ""),
    "bank-account-edit": ("", "put api/bank-accounts/<int:id>"),
    "rate-settings": ("", ""),
    "restoration": ("", ""),
    "safekeeping": ("", ""),
    "exchange-settings": ("", ""),
    "exchange-import": ("", ""),
    "reminder-settings": ("", ""),
    "reminder-text": ("", ""),
    "look-settings": ("", ""),
    "look-logo": ("", ""),
    "look-picture": ("", ""),
    "look-preview": ("", ""),
    "numbering-settings": ("", ""),
    "terms-settings": ("", ""),
    "line-settings": ("", ""),
    "terms-new": ("", ""),
    "terms-edit": ("", ""),
    # a company is founded and guided by a person
    "founding-guide": ("", ""),
    "founding-bank": ("", ""),
    "write-off-settings": ("", ""),
    "purchase-settings": ("", ""),
    "approval-rule-new": ("", ""),
    "approval-rule-edit": ("", ""),
    "approval-rule-end": ("", ""),
    "delegation-new": ("", ""),
    "delegation-end": ("", ""),
    "portal-settings": ("", ""),
    "provider-settings": ("", ""),
    "operations": ("get api/finance/queues", ""),
    "feed-settings": ("get api/bank-accounts", ""),
    "revolut-authorise": ("", ""),
    "revolut-consent": ("", ""),
    "feed-edit": ("", ""),
    "feed-read": ("", "post api/finance/sync"),
    "feed-switch": ("", ""),
    "feed-disconnect": ("", ""),
    "webhook-settings": ("get api/webhooks", ""),
    "webhook-new": ("", "post api/webhooks"),
    "webhook-detail": ("get api/webhooks/<int:id>", ""),
    "webhook-edit": ("", "put api/webhooks/<int:id>"),
    "webhook-rotate": ("", "post api/webhooks/<int:id>/rotate-secret"),
    "webhook-test": ("", "post api/webhooks/<int:id>/test"),
    "webhook-enable": ("", "put api/webhooks/<int:id>"),
    "webhook-disable": ("", "put api/webhooks/<int:id>"),
    "webhook-delete": ("", "delete api/webhooks/<int:id>"),
    "webhook-delivery": ("get api/webhooks/deliveries/<int:id>", ""),
    "webhook-replay": ("", "post api/webhooks/deliveries/<int:id>/replay"),
    "inbound-settings": ("get api/webhook-sources", ""),
    "inbound-new": ("", "post api/webhook-sources"),
    "inbound-source": ("get api/webhook-sources/<int:id>", "put api/webhook-sources/<int:id>"),
    "inbound-switch": ("", "put api/webhook-sources/<int:id>"),
    "inbound-message": ("get api/received-webhooks/<int:id>", ""),
    "inbound-replay": ("", "post api/received-webhooks/<int:id>/replay"),
    "api-keys": ("", ""),
    "api-key-new": ("", ""),
    "api-key-revoke": ("", ""),
    "customers:customer-list": ("get api/customers", ""),
    "customers:customer-new": ("", "post api/customers"),
    "customers:customer-options": ("get api/customers", ""),
    "customers:customer-detail": ("get api/customers/<int:id>", ""),
    "customers:customer-edit": ("", "put api/customers/<int:id>"),
    "customers:customer-merge": ("", ""),
    # an owner erases a person, after a page that shows what goes
    "customers:customer-personal-data": ("", ""),
    "customers:contact-personal-data": ("", ""),
    "customers:customer-archive": ("", "delete api/customers/<int:id>"),
    "customers:customer-restore": ("", "put api/customers/<int:id>"),
    "customers:contact-new": ("", "put api/customers/<int:id>"),
    "customers:contact-edit": ("", "put api/customers/<int:id>"),
    "customers:contact-delete": ("", "put api/customers/<int:id>"),
    "billing:line-totals": ("", ""),
    "billing:lines-paste": ("", ""),
    "billing:product-options": ("get api/products", ""),
    "billing:product-list": ("get api/products", ""),
    "billing:product-new": ("", "post api/products"),
    "billing:product-detail": ("get api/products/<int:id>", ""),
    "billing:product-edit": ("", "put api/products/<int:id>"),
    "billing:product-stock": ("", "post api/products/<int:id>/stock"),
    "billing:product-archive": ("", "delete api/products/<int:id>"),
    "billing:product-restore": ("", "put api/products/<int:id>"),
    "billing:order-list": ("get api/orders", ""),
    "billing:order-new": ("", "post api/orders"),
    "billing:order-detail": ("get api/orders/<int:id>", ""),
    "billing:order-edit": ("", "put api/orders/<int:id>"),
    "billing:order-confirm": ("", "post api/orders/<int:id>/confirm"),
    "billing:order-ship": ("", "post api/orders/<int:id>/ship"),
    "billing:order-cancel": ("", "post api/orders/<int:id>/cancel"),
    "billing:order-invoice": ("", "post api/invoices/generate"),
    "billing:order-invoice-many": ("", "post api/invoices/generate/bulk"),
    "billing:order-deposit": ("", "post api/orders/<int:id>/deposits"),
    "billing:invoice-list": ("get api/invoices", ""),
    "billing:invoice-new": ("", "post api/invoices"),
    "billing:invoice-edit": ("", "put api/invoices/<int:id>"),
    "billing:invoice-detail": ("get api/invoices/<int:id>", ""),
    "billing:invoice-preview": ("get api/invoices/<int:id>/documents/<str:word>", ""),
    "billing:invoice-deposit": ("", "post api/invoices/<int:id>/deposits"),
    "billing:invoice-deductions": ("", "put api/invoices/<int:id>/deductions"),
    "billing:invoice-correct": ("", "post api/invoices/<int:id>/corrections"),
    "billing:invoice-notes": ("", "put api/invoices/<int:id>"),
    "billing:invoice-dispute": ("", "post api/invoices/<int:id>/disputes"),
    "billing:invoice-dispute-close": ("", "delete api/invoices/<int:id>/disputes"),
    "billing:invoice-delete": ("", "delete api/invoices/<int:id>"),
    # people agree rebates, and prepare what gives them
    "billing:rebate-list": ("", ""),
    "billing:rebate-new": ("", ""),
    "billing:rebate-detail": ("", ""),
    "billing:rebate-edit": ("", ""),
    "billing:rebate-credit": ("", ""),
    "billing:purchase-list": ("get api/purchases", ""),
    "billing:purchase-detail": ("get api/purchases/<int:id>", ""),
    "billing:purchase-new": ("", "post api/purchases"),
    "billing:purchase-edit": ("", "put api/purchases/<int:id>"),
    "billing:purchase-totals": ("", ""),
    "billing:purchase-check": ("", "post api/purchases/<int:id>/check"),
    "billing:purchase-approve": ("", "post api/purchases/<int:id>/approve"),
    "billing:purchase-withdraw": ("", "post api/purchases/<int:id>/approve"),
    "billing:purchase-book": ("", "post api/purchases/<int:id>/book"),
    "billing:purchase-refuse": ("", "post api/purchases/<int:id>/refuse"),
    "billing:purchase-dispute": ("", "post api/purchases/<int:id>/dispute"),
    "billing:purchase-dispute-close": ("", "delete api/purchases/<int:id>/dispute"),
    "billing:purchase-doubt": ("", "put api/purchases/<int:id>"),
    "billing:purchase-amend": ("", "put api/purchases/<int:id>"),
    "billing:purchase-tie": ("", "put api/purchases/<int:id>"),
    "billing:purchase-order-list": ("get api/purchase-orders", ""),
    "billing:purchase-order-detail": ("get api/purchase-orders/<int:id>", ""),
    "billing:purchase-order-new": ("", "post api/purchase-orders"),
    "billing:purchase-order-edit": ("", "put api/purchase-orders/<int:id>"),
    "billing:purchase-order-totals": ("", ""),
    "billing:purchase-order-products": ("", ""),
    "billing:purchase-order-place": ("", "post api/purchase-orders/<int:id>/place"),
    "billing:purchase-order-receive": ("", "post api/purchase-orders/<int:id>/receipts"),
    "billing:purchase-order-close": ("", "post api/purchase-orders/<int:id>/close"),
    "billing:purchase-order-reopen": ("", "post api/purchase-orders/<int:id>/reopen"),
    "billing:purchase-order-cancel": ("", "post api/purchase-orders/<int:id>/cancel"),
    "billing:purchase-credit": ("", ""),
    "billing:purchase-credit-undo": ("", ""),
    "billing:approval-list": ("", ""),
    "billing:approval-next": ("", ""),
    "billing:approval-one": ("", "post api/purchases/<int:id>/approve"),
    "billing:approval-many": ("", "post api/purchases/<int:id>/approve"),
    "billing:supplier-new": ("", "post api/suppliers"),
    "billing:supplier-edit": ("", "put api/suppliers/<int:id>"),
    "billing:supplier-options": ("get api/suppliers", ""),
    # a person alone confirms an account
    "billing:supplier-iban-new": ("", "post api/suppliers/<int:id>/ibans"),
    "billing:supplier-iban-confirm": ("", ""),
    "billing:supplier-iban-reject": ("", ""),
    "billing:supplier-bill-too": ("", ""),
    "billing:supplier-from-customer": ("", ""),
    "billing:supplier-list": ("get api/suppliers", ""),
    "billing:supplier-detail": ("get api/suppliers/<int:id>", ""),
    "billing:books-home": ("", ""),
    "billing:report": ("get api/reports/<slug:slug>", ""),
    "billing:entry-list": ("get api/journal-entries", ""),
    "billing:entry-new": ("", "post api/journal-entries"),
    "billing:entry-totals": ("", ""),
    "billing:journal-entry": ("get api/journal-entries/<int:id>", ""),
    "billing:entry-reverse": ("", ""),
    "billing:manual-entry": ("", ""),
    "billing:lettering": ("", ""),
    "billing:lettering-gap": ("", ""),
    "billing:lettering-undo": ("", ""),
    "billing:opening": ("", ""),
    "billing:account-list": ("", ""),
    "billing:account-new": ("", ""),
    "billing:account-switch": ("", ""),
    "billing:journal-list": ("", ""),
    "billing:sales-accounts": ("", ""),
    "billing:sales-account-remove": ("", ""),
    "billing:vat-schedule": ("", ""),
    "billing:vat-list": ("", ""),
    "billing:vat-period": ("", ""),
    "billing:vat-file": ("", ""),
    # people close, and look at what is to be closed
    "billing:closing": ("", ""),
    "billing:closing-soft": ("", ""),
    "billing:closing-hard": ("", ""),
    "billing:closing-proof": ("", ""),
    "payments:valuing": ("", ""),
    "payments:valuing-undo": ("", ""),
    "billing:year-edit": ("", ""),
    "billing:year-close": ("", ""),
    "billing:fec": ("", ""),
    "billing:fec-file": ("", ""),
    "billing:dossier": ("", ""),
    "billing:email-list": ("", ""),
    "billing:email-detail": ("", ""),
    "billing:email-resend": ("", "post api/invoices/<int:id>/send"),
    "payments:bankline-list": ("get api/transactions", "post api/bank-accounts/<int:id>/statements"),
    "payments:bank-reconcile": ("", "post api/finance/reconciliation"),
    "payments:statement-list": ("get api/statements", ""),
    "payments:account-reconciliation": ("get api/bank-accounts", ""),
    "payments:account-opening": ("", "post api/transactions/<int:id>/match"),
    "payments:upload-batch": ("get api/statements", "post api/bank-accounts/<int:id>/statements"),
    "payments:upload-account": ("", "post api/bank-accounts/<int:id>/statements"),
    "payments:upload-new-account": ("", "put api/bank-accounts/<int:id>"),
    "payments:upload-columns": ("", "post api/bank-accounts/<int:id>/statements"),
    "payments:upload-payout-columns": ("", "post api/bank-accounts/<int:id>/statements"),
    "payments:payout-detail": ("", ""),
    "payments:bankline-detail": ("get api/transactions/<int:id>", "post api/transactions/<int:id>/match"),
    "payments:bankline-ignore": ("", "post api/transactions/<int:id>/ignore"),
    "payments:bankline-reopen": ("", "post api/transactions/<int:id>/reopen"),
    "payments:rule-list": ("", ""),
    "payments:rule-new": ("", ""),
    "payments:rule-edit": ("", ""),
    "payments:rule-raise": ("", ""),
    "payments:rule-archive": ("", ""),
    "payments:worktable": ("", "post api/transactions/<int:id>/match"),
    "payments:worktable-line": ("", "post api/transactions/<int:id>/match"),
    "payments:worktable-undo": ("", "post api/matches/<int:id>/undo"),
    "payments:match-undo": ("", "post api/matches/<int:id>/undo"),
    "payments:payment-list": ("get api/payments", ""),
    "payments:payment-new": ("", "post api/payments"),
    "payments:payment-detail": ("get api/payments/<int:id>", ""),
    "payments:payment-allocate": ("", "post api/payments/<int:id>/allocations"),
    "payments:payment-edit": ("", "put api/payments/<int:id>"),
    "payments:payment-reverse": ("", "post api/payments/<int:id>/reversal"),
    "payments:payment-keep": ("", "post api/invoices/<int:id>/write-offs"),
    "payments:credit-use": ("", "post api/invoices/<int:id>/use-credit"),
    "payments:write-off-new": ("", "post api/invoices/<int:id>/write-offs"),
    "payments:write-off-take-back": ("", "post api/write-offs/<int:id>/take-back"),
    "payments:supplier-due": ("get api/payment-runs", ""),
    "payments:run-list": ("get api/payment-runs", ""),
    "payments:run-detail": ("get api/payment-runs/<int:id>", ""),
    # people prepare runs, confirm them and fetch their file
    "payments:run-change": ("", ""),
    "payments:run-line-remove": ("", ""),
    "payments:run-submit": ("", ""),
    "payments:run-reopen": ("", ""),
    "payments:run-order": ("", ""),
    "payments:run-cancel": ("", ""),
    "payments:run-file": ("", ""),
    "payments:supplier-payment-list": ("get api/supplier-payments", ""),
    "payments:supplier-payment-detail": ("get api/supplier-payments/<int:id>", ""),
    "payments:supplier-payment-new": ("", "post api/supplier-payments"),
    "payments:supplier-payment-cancel": ("", "post api/supplier-payments/<int:id>/cancel"),
    "payments:supplier-payment-return": ("", ""),
    "payments:paying-settings": ("", ""),
    "payments:refund-list": ("get api/refunds", ""),
    "payments:refund-new": ("", "post api/customers/<int:id>/refunds"),
    "payments:refund-detail": ("get api/refunds/<int:id>", ""),
    "payments:refund-cancel": ("", "post api/refunds/<int:id>/cancel"),
    # the file for the bank is made and fetched by people
    "payments:order-new": ("", ""),
    "payments:order-detail": ("", ""),
    "payments:order-file": ("", ""),
    "payments:debit-list": ("get api/direct-debits", "post api/invoices/<int:id>/direct-debits"),
    "payments:debit-returns": ("", ""),
    "payments:debit-order-list": ("get api/debit-orders", ""),
    "payments:debit-order-new": ("", "post api/debit-orders"),
    "payments:debit-order-detail": ("get api/debit-orders/<int:id>", ""),
    "payments:debit-order-file": ("get api/debit-orders/<int:id>/file", ""),
    "payments:debit-order-cancel": ("", "post api/debit-orders/<int:id>/cancel"),
    "payments:debit-cancel": ("", "post api/direct-debits/<int:id>/cancel"),
    "payments:debit-reject": ("", "post api/direct-debits/<int:id>/return"),
    "payments:debit-handled": ("", ""),
    "payments:debit-take-back": ("", ""),
    "payments:collection-settings": ("", ""),
    "payments:mandate-list": ("get api/mandates", ""),
    "payments:mandate-new": ("", "post api/customers/<int:id>/mandates"),
    "payments:mandate-detail": ("get api/mandates/<int:id>", ""),
    "payments:mandate-form": ("", ""),
    "payments:mandate-sign": ("", "post api/mandates/<int:id>/sign"),
    "payments:mandate-revoke": ("", "post api/mandates/<int:id>/revoke"),
    "payments:remittance-list": ("", ""),
    "payments:remittance-new": ("", ""),
    "payments:remittance-detail": ("", ""),
    "payments:remittance-slip": ("", ""),
    "payments:remittance-cancel": ("", ""),
    "payments:till": ("", ""),
    "payments:link-new": ("", ""),
    "payments:statement-link-new": ("", ""),
    "payments:link-revoke": ("", ""),
    "payments:checkout-list": ("", ""),
    "payments:checkout-settle": ("", ""),
    "payments:notice-list": ("", ""),
    "payments:notice-handle": ("", ""),
    "payments:reminder-list": ("get api/reminders", ""),
    "payments:reminder-held": ("get api/reminders", ""),
    "payments:reminder-promises": ("get api/reminders", ""),
    "payments:reminder-letters": ("get api/reminders", ""),
    "payments:reminder-history": ("get api/reminders", ""),
    "payments:reminder-forecast": ("get api/reminders", ""),
    "payments:reminder-preview": ("get api/reminders", "post api/invoices/<int:id>/reminder"),
    "payments:late-interest": ("get api/invoices/<int:id>", ""),
    "payments:hold-new": ("", ""),
    "payments:hold-end": ("", ""),
    "payments:customer-reminders": ("", ""),
    "payments:customer-reminder-text": ("", ""),
    "payments:customer-statement": ("get api/customers/<int:id>/statement", ""),
    "payments:address-cleared": ("", "put api/customers/<int:id>"),
    "payments:reminder-notice": ("get api/reminders/<int:id>", ""),
    "payments:reminder-post": ("", "post api/reminders/<int:id>/send"),
    "payments:reminder-send-due": ("", "post api/invoices/<int:id>/reminder"),
    "payments:reminder-letter": ("", "post api/reminders/<int:id>/send"),
    "payments:reminder-cancel": ("", "post api/reminders/<int:id>/cancel"),
    "einvoicing:invoice-issue": ("", "post api/invoices/<int:id>/send"),
    "einvoicing:invoice-issue-many": ("", "post api/invoices/<int:id>/send"),
    "einvoicing:invoice-send": ("", "post api/invoices/<int:id>/send"),
    "einvoicing:invoice-credit": ("", "post api/invoices/<int:id>/credit-notes"),
    "einvoicing:credit-total": ("", "post api/invoices/<int:id>/credit-notes"),
    "einvoicing:invoice-transmit": ("", "post api/invoices/<int:id>/transmissions"),
    "einvoicing:invoice-follow": ("get api/invoices/<int:id>/lifecycle", ""),
    "einvoicing:document-download": ("get api/invoices/<int:id>/documents/<str:word>", ""),
    "einvoicing:readiness": ("get api/platforms", ""),
    "einvoicing:readiness-drafts": ("", "post api/invoices/<int:id>/send"),
    "einvoicing:readiness-activate": ("", ""),
    # a part of the customer's form, for who may save it
    "einvoicing:directory-lookup": ("", "put api/customers/<int:id>"),
    "einvoicing:reporting": ("get api/einvoicing/reports", ""),
    "einvoicing:reporting-settings": ("", ""),
    "einvoicing:report-period": ("get api/einvoicing/reports/<str:kind>/<str:period>", ""),
    "einvoicing:report-draft": ("get api/einvoicing/reports/<str:kind>/<str:period>/file", ""),
    "einvoicing:report-file": ("get api/einvoicing/reports/<str:kind>/<str:period>", ""),
    "einvoicing:report-send": ("", "post api/einvoicing/reports/<str:kind>/<str:period>/reports"),
    "einvoicing:report-retry": ("", "post api/einvoicing/reports/<str:kind>/<str:period>/reports"),
    "einvoicing:reception-settings": ("", ""),
    "einvoicing:reception-switch": ("", ""),
    "einvoicing:received-list": ("get api/einvoicing/received", "post api/einvoicing/received"),
    "einvoicing:received-detail": ("get api/einvoicing/received/<int:id>", ""),
    "einvoicing:received-file": ("get api/einvoicing/received/<int:id>/content", ""),
    "einvoicing:received-again": ("", ""),
    "einvoicing:received-set-aside": ("", ""),
    "einvoicing:received-answer": ("", ""),
    "einvoicing:answer-retry": ("", ""),
    "einvoicing:received-correct": ("", ""),
    "einvoicing:received-page": ("", ""),
    "einvoicing:transmission-list": ("get api/transmissions", ""),
    "einvoicing:platforms-read": ("", "post api/finance/sync"),
    "einvoicing:transmit-many": ("", "post api/invoices/<int:id>/transmissions"),
    "einvoicing:queue-progress": ("get api/transmissions", ""),
    "einvoicing:compliance": ("get api/platforms", ""),
    "einvoicing:transmission-detail": ("get api/transmissions/<int:id>", ""),
    "einvoicing:transmission-answer": ("", "post api/transmissions/<int:id>/retry"),
    "einvoicing:enclosure": ("get api/transmissions/<int:id>", ""),
    "einvoicing:transmission-dismiss": ("", "post api/transmissions/<int:id>/retry"),
    "einvoicing:transmission-retry": ("", "post api/transmissions/<int:id>/retry"),
}

# what an id names, by the beginning of the page's name; the longest that fits
A_ROW = {
    "terms-edit": lambda world: PaymentTerms.everywhere.filter(company=world.company).earliest("pk"),
    "einvoicing:reception-switch": lambda world: world.reception_source,
    "einvoicing:received": lambda world: world.document,
    "einvoicing:answer": lambda world: world.answer,
    "einvoicing:report": lambda world: world.report,
    "bulk": lambda world: world.bulk_run,
    "import": lambda world: world.import_run,
    "api-key": lambda world: world.key,
    "approval-rule": lambda world: world.approval_rule,
    "delegation": lambda world: world.delegation,
    "member": lambda world: world.member,
    "invitation": lambda world: world.invitation,
    "bank-account": lambda world: world.bank_account,
    "billing:email": lambda world: world.email,
    "billing:journal-entry": lambda world: world.journal_entry,
    "billing:entry-reverse": lambda world: world.journal_entry,
    "billing:manual-entry": lambda world: world.manual_entry,
    "billing:lettering-undo": lambda world: world.lettering,
    "billing:sales-account-remove": lambda world: world.sales_rule,
    "billing:invoice": lambda world: world.draft,
    "billing:invoice-dispute": lambda world: world.invoice,
    "billing:order": lambda world: world.order,
    "billing:product": lambda world: world.product,
    "billing:purchase": lambda world: world.purchase,
    "billing:purchase-order": lambda world: world.purchase_order,
    "billing:approval": lambda world: world.purchase,
    "billing:rebate": lambda world: world.rebate,
    "billing:supplier": lambda world: world.supplier,
    "billing:supplier-iban-new": lambda world: world.supplier,
    "billing:supplier-iban": lambda world: world.supplier_iban,
    "billing:supplier-from-customer": lambda world: world.customer,
    "customers:contact": lambda world: world.contact,
    "customers:contact-new": lambda world: world.customer,
    "customers:customer": lambda world: world.customer,
    "einvoicing:credit-total": lambda world: world.invoice,
    "einvoicing:document-download": lambda world: world.invoice,
    "einvoicing:enclosure": lambda world: world.enclosure,
    "einvoicing:invoice": lambda world: world.invoice,
    "einvoicing:invoice-issue": lambda world: world.draft,
    "einvoicing:transmission": lambda world: world.transmission,
    "inbound-message": lambda world: world.received,
    "inbound-replay": lambda world: world.received,
    "inbound-so": lambda world: world.source,
    "inbound-switch": lambda world: world.source,
    "payments:account": lambda world: world.bank_account,
    "payments:bankline": lambda world: world.transaction,
    "payments:checkout": lambda world: world.checkout,
    "payments:link-new": lambda world: world.invoice,
    "payments:link-revoke": lambda world: world.link,
    "payments:notice": lambda world: world.notice,
    "payments:statement-link-new": lambda world: world.customer,
    "payments:match": lambda world: world.match,
    "payments:payment": lambda world: world.payment,
    "payments:credit-use": lambda world: world.invoice,
    "payments:write-off-new": lambda world: world.invoice,
    "payments:write-off-take-back": lambda world: world.write_off,
    "payments:payout": lambda world: world.payout,
    "payments:run": lambda world: world.run,
    "payments:run-line": lambda world: world.run_line,
    "payments:supplier-payment": lambda world: world.supplier_payment,
    "payments:supplier-payment-new": lambda world: world.purchase_to_pay,
    "payments:refund": lambda world: world.refund,
    "payments:refund-new": lambda world: world.customer,
    "payments:order": lambda world: world.payment_order,
    "payments:debit": lambda world: world.debit,
    "payments:debit-order": lambda world: world.debit_order,
    "payments:mandate": lambda world: world.mandate,
    "payments:mandate-new": lambda world: world.customer,
    "payments:remittance": lambda world: world.remittance,
    "payments:rule": lambda world: world.rule,
    "payments:worktable-line": lambda world: world.transaction,
    "payments:worktable-undo": lambda world: world.match,
    "payments:reminder": lambda world: world.reminder,
    "payments:reminder-preview": lambda world: world.invoice,
    "payments:late-interest": lambda world: world.invoice,
    "payments:hold-new": lambda world: world.invoice,
    "payments:hold-end": lambda world: world.hold,
    "payments:customer": lambda world: world.customer,
    "payments:address-cleared": lambda world: world.customer,
    "payments:upload": lambda world: world.upload,
    "view": lambda world: world.saved_view,
    "webhook": lambda world: world.endpoint,
    "webhook-delivery": lambda world: world.delivery,
    "webhook-replay": lambda world: world.delivery,
}
A_PERIOD = {"<slug:kind>": "sales", "<slug:code>": "2026-11-1"}
A_WORD = {
    "billing:report": "trial-balance",
    "billing:vat-period": "2026-11",
    "billing:vat-file": "2026-10",
    "billing:purchase-doubt": "low_confidence",
    "einvoicing:report": A_PERIOD,
    "feed": "revolut",
    "platform": "afnor",
    "einvoicing:document-download": "facturx",
    "reminder-text": "fr",
    "payments:customer-reminder-text": "fr",
    "payments:hold-new": "pause",
}
# no key of a row: a level of reminders, a fiscal year by the year in which it ends
A_NUMBER = {"<int:level>": 1, "<int:number>": 2026}


@dataclass(frozen=True)
class Page:
    path: str
    name: str
    asks: Any  # Asks, None where the page declares nothing

    @property
    def app(self) -> str:
        return self.name.rpartition(":")[0] or "config"

    def address(self, world: World) -> str:
        words = [part for part in self.path.split("/") if part.startswith("<")]
        return reverse(self.name, args=[self._value(world, word) for word in words])

    def _value(self, world: World, word: str) -> Any:
        if word in A_NUMBER:
            return A_NUMBER[word]
        table: dict[str, Any] = A_ROW if word.startswith("<int") else A_WORD
        key = max((start for start in table if self.name.startswith(start)), key=len)
        if word.startswith("<int"):
            return table[key](world).pk
        return table[key][word] if isinstance(table[key], dict) else table[key]


def pages() -> list[Page]:
    return [
        Page(path, name, getattr(pattern.callback, "asks", None))
        for path, name, pattern in patterns(get_resolver())
        if not (path.startswith(OTHER_DOORS) or name in OUTSIDE or name.startswith((PORTAL, *OWN)))
    ]


PAGES = pages()
DECLARED = [page for page in PAGES if page.asks]
WITH_A_ROW = [page for page in PAGES if "<int:pk>" in page.path]
METHODS = ("GET", "POST")


def ask(client: Client, method: str, address: str) -> int:
    answer = client.generic(method, address)
    if answer.streaming:
        b"".join(answer.streaming_content)  # read to its end, a file is closed
    return int(answer.status_code)


def routes_like(page: Page) -> Iterator[tuple[str, Any]]:
    """The page's twins in the API, each with the method by which the page does the same."""
    for method, twin in zip(METHODS, TWINS[page.name], strict=True):
        if twin:
            (route,) = [route for route in ROUTES if f"{route.method} {route.path}" == twin]
            yield method, route


def test_every_page_says_what_it_asks_and_has_its_twin() -> None:
    assert [page.name for page in PAGES if page.asks is None] == []
    assert {page.name for page in PAGES} == set(TWINS)


@pytest.mark.trust
@pytest.mark.parametrize("app", sorted({page.app for page in DECLARED}))
def test_each_role_opens_what_its_table_and_the_api_say_and_nothing_else(app: str, world: World) -> None:
    """Drawn for an owner, a third of the pages; all, and for the other roles, in the whole test, and those
    that links lead to in tests/house/test_words.py and tests/home/test_links_by_role.py.

    In the small form each role knocks where it must be refused, and one of those let in where it is let in.
    """
    clients = {role: world.browser(role) for role in Role}
    pages = {page.address(world): page for page in DECLARED if page.app == app}
    drawn = set(a_share(list(pages), 3))
    wrong = []
    for address, page in pages.items():
        with as_it_was():
            answers = {
                (method, role): ask_as(role, clients[role], method, address, draw=address in drawn)
                for method in METHODS
                for role in who_knocks(page.asks.of(method))
            }
        accepted = {method for method, role in answers if answers[method, role] != 405}
        wrong += [] if accepted else [f"{page.name} accepts nothing"]
        wrong += [
            f"{method} {page.name} {role}: {status}"
            for (method, role), status in answers.items()
            if method in accepted and ((status != 403) is not allows(role, page.asks.of(method)) or status >= 500)
        ]
    assert wrong == []


def ask_as(role: Role, client: Client, method: str, address: str, *, draw: bool) -> int:
    with nullcontext() if WHOLE or (draw and role is Role.OWNER) else pages_not_drawn():
        return ask(client, method, address)


def test_a_page_lets_in_whom_the_api_lets_do_the_same() -> None:
    """What the API declares is what it answers: tests/api/test_matrix.py."""
    differing = [
        f"{page.name} {route.path} {role}"
        for page in DECLARED
        for method, route in routes_like(page)
        for role in Role
        if allows(role, page.asks.of(method)) is not allows(role, route.operation.action or route.view.area)
    ]
    assert differing == []


def test_what_is_sent_to_a_page_asks_for_an_act(world: World) -> None:
    owner = world.browser()
    reading = {
        page.name
        for page in DECLARED
        if "." not in page.asks.posting and ask(owner, "POST", page.address(world)) != 405
    }
    assert reading == READING_POSTS


@pytest.mark.trust
@pytest.mark.parametrize("method", METHODS)
def test_strangers_and_people_who_left_are_sent_away(method: str, world: World) -> None:
    person = a_person(world.company)
    left = Client()
    left.force_login(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    superuser = Client()
    superuser.force_login(User.objects.create_superuser("root@verone.example", "a long password 42"))
    stranger = Client()
    with pages_not_drawn():
        for page in a_share(PAGES, 2):
            address = page.address(world)
            assert ask(stranger, method, address) == 302, page.name
            assert ask(left, method, address) == 302, page.name
            assert ask(superuser, method, address) in (403, 405), page.name


def test_another_companys_row_does_not_exist(world: World) -> None:
    stranger = signed_in(story.a_company())
    with pages_not_drawn():
        answers = {page.name: {ask(stranger, method, page.address(world)) for method in METHODS} for page in WITH_A_ROW}
    assert {name: found for name, found in answers.items() if 404 not in found or not found <= {404, 405}} == {}
