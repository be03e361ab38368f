"""The addresses of the accountant’s rooms, under /books/."""

from django.urls import path

from billing.views.books import accounts, closing, entries, fec, lettering, opening, reports, vat, years

urlpatterns = [
    # reports
    path("", reports.books_home, name="books-home"),
    path("reports/<slug:slug>/", reports.report_page, name="report"),
    # chart
    path("entries/", entries.entry_list, name="entry-list"),
    path("entries/new/", entries.entry_new, name="entry-new"),
    path("entries/totals/", entries.entry_totals, name="entry-totals"),
    path("entries/<int:pk>/", entries.journal_entry, name="journal-entry"),
    path("entries/<int:pk>/reverse/", entries.entry_reverse, name="entry-reverse"),
    path("entries/manual/<int:pk>/", entries.manual_entry, name="manual-entry"),
    path("lettering/", lettering.lettering, name="lettering"),
    path("lettering/gap/", lettering.lettering_gap, name="lettering-gap"),
    path("lettering/<int:pk>/undo/", lettering.lettering_undo, name="lettering-undo"),
    path("opening/", opening.opening, name="opening"),
    path("accounts/", accounts.account_list, name="account-list"),
    path("accounts/new/", accounts.account_new, name="account-new"),
    path("accounts/switch/", accounts.account_switch, name="account-switch"),
    path("accounts/journals/", accounts.journal_list, name="journal-list"),
    path("accounts/sales/", accounts.sales_accounts, name="sales-accounts"),
    path("accounts/sales/<int:pk>/remove/", accounts.sales_account_remove, name="sales-account-remove"),
    # vat
    path("vat/", vat.vat_list, name="vat-list"),
    path("vat/schedule/", vat.vat_schedule, name="vat-schedule"),
    path("vat/<slug:code>/", vat.vat_period, name="vat-period"),
    path("vat/<slug:code>/file/", vat.vat_file, name="vat-file"),
    # closing
    path("closing/", closing.closing_page, name="closing"),
    path("closing/soft/", closing.closing_soft, name="closing-soft"),
    path("closing/hard/", closing.closing_hard, name="closing-hard"),
    path("closing/proof/", years.closing_proof, name="closing-proof"),
    path("closing/year/", years.year_edit, name="year-edit"),
    path("closing/year/<int:number>/", years.year_close, name="year-close"),
    path("fec/", fec.fec_page, name="fec"),
    path("fec/<int:number>/", fec.fec_file, name="fec-file"),
    path("fec/<int:number>/dossier/", fec.dossier, name="dossier"),
]
