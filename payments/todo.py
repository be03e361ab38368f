"""What payments ask for today: bank data that are old, lines to match, credits to allocate, formal notices to send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.models import Invoice, InvoiceStatus, owed_of
from billing.purchases.models import PurchaseInvoice
from config.kernel import typography
from config.kernel.currency_sums import by_currency
from config.kernel.todo import FirstStep, Today, Todo, counted, first_step, one_or_list, watch
from payments.debits.reasons import reason_of
from payments.models import (
    BankAccount,
    BankLine,
    Checkout,
    DebitStatus,
    DirectDebit,
    HoldKind,
    LineStatus,
    PayingSettings,
    Payment,
    PaymentRun,
    PaymentRunLine,
    Reminder,
    ReminderHold,
    ReminderStatus,
    RunStatus,
)
from payments.outgoing.suppliers.due import OPEN_BALANCE
from payments.portal.notices import waiting_notices

ZERO = Decimal("0.00")


@watch("bank", needs="bank.reconcile")
def bank(today: Today) -> Iterator[Todo]:
    """Old bank data holds every reminder back; open lines hide who has paid."""
    old = BankAccount.objects.filter(Q(imported_at=None) | Q(imported_at__lt=today.at - BankAccount.STALE_AFTER))
    stale = old.aggregate(count=Count("pk"), oldest=Min("imported_at"))
    if stale["count"] and stale["oldest"]:
        detail = _("Le plus ancien date du %(at)s. Aucune relance ne part avant un relevé récent.")
        detail %= {"at": typography.moment(stale["oldest"])}
        url = reverse("payments:bankline-list")
        yield Todo(_("Relevé bancaire de plus de 24 heures"), detail, "bank", "warn", _("Importer un relevé"), url)
    open_lines = BankLine.objects.filter(status=LineStatus.OPEN, amount__gt=0)
    found = by_currency(open_lines, "amount")
    if found.count:
        sentence = ngettext("%(n)s virement à rapprocher", "%(n)s virements à rapprocher", found.count)
        url = one_or_list(
            found.count, found.only, "payments:bankline-detail", "payments:bankline-list", "status=TO_MATCH"
        )
        detail = str(found)
        yield Todo(counted(sentence, found.count), detail, "bank", "info", _("Rapprocher"), url)


@watch("suspense", needs="bank.reconcile")
def suspense(_today: Today) -> Iterator[Todo]:
    """471 is empty at the end of a month: what stands there is not known yet."""
    lines = BankLine.objects.filter(status=LineStatus.SUSPENSE)
    found = by_currency(lines, "amount")
    if found.count:
        sentence = ngettext("%(n)s ligne en attente sur 471", "%(n)s lignes en attente sur 471", found.count)
        url = one_or_list(
            found.count, found.only, "payments:worktable-line", "payments:bankline-list", "status=SUSPENSE"
        )
        detail = _("Solde %(total)s : le compte d’attente doit être vide pour clore le mois.")
        detail %= {"total": str(found)}
        yield Todo(counted(sentence, found.count), detail, "bank", "warn", _("Reclasser"), url)


@watch("formal-notices", needs="reminders.send")
def formal_notices(_today: Today) -> Iterator[Todo]:
    drafted = Reminder.objects.filter(status=ReminderStatus.DRAFTED)
    found = by_currency(drafted, "balance", currency="invoice__currency")
    if found.count:
        sentence = ngettext("%(n)s mise en demeure à envoyer", "%(n)s mises en demeure à envoyer", found.count)
        url = one_or_list(found.count, found.only, "payments:reminder-letter", "payments:reminder-letters")
        detail = str(found)
        yield Todo(counted(sentence, found.count), detail, "bell", "warn", _("Relire et envoyer"), url)


@watch("promises", needs="reminders.send")
def promises(today: Today) -> Iterator[Todo]:
    """Promises whose day has passed without their money, and disputes whose day to look at again has come."""
    past = ReminderHold.objects.filter(ended_at=None, until__lt=today.date).select_related("invoice")
    past = past.filter(invoice__status=InvoiceStatus.ISSUED)
    broken = past.filter(kind=HoldKind.PROMISE, amount__gt=F("balance") - owed_of("invoice__"))
    found = by_currency(broken, "amount", currency="invoice__currency", only="invoice_id")
    if found.count:
        sentence = ngettext("%(n)s promesse non tenue", "%(n)s promesses non tenues", found.count)
        url = one_or_list(found.count, found.only, "payments:reminder-preview", "payments:reminder-promises")
        detail = str(found)
        yield Todo(counted(sentence, found.count), detail, "bell", "warn", _("Relancer"), url)
    disputes = past.filter(kind=HoldKind.DISPUTE, invoice__disputed_at__isnull=False)
    row = disputes.aggregate(count=Count("pk"), only=Min("invoice_id"))
    if row["count"]:
        sentence = ngettext("%(n)s litige à revoir", "%(n)s litiges à revoir", row["count"])
        url = one_or_list(row["count"], row["only"], "billing:invoice-detail", "payments:reminder-promises")
        detail = _("La date que vous aviez fixée est passée.")
        yield Todo(counted(sentence, row["count"]), detail, "alert", "warn", _("Revoir"), url)


@watch("notices", needs="payments.record")
def customer_notices(_today: Today) -> Iterator[Todo]:
    """What customers told on their pages, and nobody has dealt with."""
    row = waiting_notices().aggregate(count=Count("pk"), only=Min("invoice__number"))
    if row["count"]:
        sentence = ngettext("%(n)s message de client à traiter", "%(n)s messages de clients à traiter", row["count"])
        detail = row["only"] if row["count"] == 1 else ""
        url = reverse("payments:notice-list")
        yield Todo(counted(sentence, row["count"]), detail, "mail", "warn", _("Lire"), url)


@watch("card-payments", needs="payments.record")
def card_payments(_today: Today) -> Iterator[Todo]:
    """Payments by card that were paid twice, given back or contested at the bank."""
    row = Checkout.objects.exclude(alert="").aggregate(count=Count("pk"), total=Sum("amount", default=ZERO))
    if row["count"]:
        sentence = ngettext("%(n)s paiement par carte à vérifier", "%(n)s paiements par carte à vérifier", row["count"])
        url, detail = f"{reverse('payments:checkout-list')}?shown=alerts", typography.money(row["total"])
        yield Todo(counted(sentence, row["count"]), detail, "coins", "bad", _("Vérifier"), url)


@watch("debit-returns", needs="payments.collect")
def debit_returns(_today: Today) -> Iterator[Todo]:
    """Direct debits that came back, until a person has done something about them."""
    returned = DirectDebit.objects.filter(status=DebitStatus.RETURNED, handled_at=None)
    row = returned.aggregate(count=Count("pk"), total=Sum("amount", default=ZERO))
    if row["count"]:
        sentence = ngettext("%(n)s prélèvement revenu impayé", "%(n)s prélèvements revenus impayés", row["count"])
        latest = returned.order_by("-returned_on", "-id").first()
        detail = f"{latest.return_code} – {_(reason_of(latest.return_code).sentence)}" if latest else ""
        yield Todo(
            counted(sentence, row["count"]), detail, "bank", "bad", _("Traiter"), reverse("payments:debit-returns")
        )


@watch("credits", needs="payments.record")
def credits_to_allocate(_today: Today) -> Iterator[Todo]:
    """Money received that pays nothing yet, where the customer still owes something."""
    owed = Invoice.objects.outstanding().filter(customer=OuterRef("customer"), currency=OuterRef("currency"))
    free = Payment.objects.filter(Exists(owed), amount__gt=F("allocated"), reverses=None, reversed_at=None)
    found = by_currency(free, F("amount") - F("allocated"))
    if found.count:
        sentence = ngettext("%(n)s encaissement à affecter", "%(n)s encaissements à affecter", found.count)
        detail = _("%(total)s au crédit de clients qui doivent encore") % {"total": str(found)}
        url = one_or_list(found.count, found.only, "payments:payment-detail", "payments:payment-list", "left=owed")
        yield Todo(counted(sentence, found.count), detail, "coins", "neutral", _("Affecter"), url)


@watch("supplier-payments", needs="purchases.pay")
def supplier_payments(today: Today) -> Iterator[Todo]:
    """What suppliers are owed within the company's horizon, in no run yet."""
    terms = PayingSettings.objects.first() or PayingSettings()
    in_run = PaymentRunLine.objects.filter(purchase=OuterRef("pk"), ended_at=None)
    due = PurchaseInvoice.objects.payable().filter(due_date__lte=today.date + timedelta(days=terms.horizon_days))
    due = due.exclude(Exists(in_run))
    if (found := by_currency(due, OPEN_BALANCE)).count:
        sentence = ngettext("%(n)s facture fournisseur à régler", "%(n)s factures fournisseurs à régler", found.count)
        detail, late = str(found), due.filter(due_date__lt=today.date).count()
        if late:
            detail = _("%(total)s, dont %(late)s en retard") % {"total": detail, "late": typography.number(late)}
        tone = "warn" if late else "info"
        url = reverse("payments:supplier-due")
        yield Todo(counted(sentence, found.count), detail, "bank", tone, _("Préparer les règlements"), url)


@watch("payment-runs", needs="purchases.pay")
def payment_runs(_today: Today) -> Iterator[Todo]:
    """Runs that wait for another person."""
    waiting = PaymentRun.objects.filter(status=RunStatus.TO_CONFIRM)
    row = waiting.aggregate(count=Count("pk"), only=Min("pk"), total=Sum("total", default=ZERO))
    if row["count"]:
        sentence = ngettext("%(n)s lot de règlements à confirmer", "%(n)s lots de règlements à confirmer", row["count"])
        url = one_or_list(row["count"], row["only"], "payments:run-detail", "payments:run-list")
        detail = typography.money(row["total"])
        yield Todo(counted(sentence, row["count"]), detail, "bank", "warn", _("Confirmer"), url)


first_step(
    FirstStep(
        "payments:bankline-list",
        gettext_lazy("Importez un relevé bancaire"),
        gettext_lazy("Les virements qui citent une facture se rapprochent seuls."),
        gettext_lazy("Importer"),
        is_done=lambda: BankAccount.objects.exclude(imported_at=None).exists(),
    )
)
