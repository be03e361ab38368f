"""One company at a time: no query answers with everybody's rows, and none answers without a company."""

from __future__ import annotations

import contextvars

import pytest
from django.apps import apps

from billing.models import Invoice
from config.kernel.models import AuditEvent, CompanyRow
from config.kernel.scope import (
    NoCompanyScope,
    ScopedManager,
    across_companies,
    announced_scope,
    company_scope,
    current_company_id,
    no_scope,
)
from customers.models import Customer
from tests.factories import story

COMPANY_ROWS = [model for model in apps.get_models() if issubclass(model, CompanyRow) and not model._meta.proxy]


@pytest.mark.parametrize("model", [*COMPANY_ROWS, AuditEvent], ids=lambda model: model.__name__)
def test_a_query_without_a_company_raises(model):
    assert isinstance(model._default_manager, ScopedManager), "the manager that comes first is the careful one"
    with no_scope(), pytest.raises(NoCompanyScope):
        model.objects.all()
    with no_scope(), pytest.raises(NoCompanyScope):
        model.objects.filter(pk=1).exists()


def test_no_scope_is_where_everything_begins():
    assert contextvars.Context().run(announced_scope) == ""
    with pytest.raises(NoCompanyScope):
        contextvars.Context().run(current_company_id)


@pytest.mark.django_db
def test_the_rows_of_another_company_are_invisible():
    ours, theirs = story.a_company(), story.a_company()
    customer, other = story.a_customer(ours), story.a_customer(theirs)
    with company_scope(ours):
        assert list(Customer.objects.all()) == [customer]
        assert not Customer.objects.filter(pk=other.pk).exists()
        assert Customer.objects.filter(pk=other.pk).update(notes="lu") == 0
    other.refresh_from_db()
    assert other.notes == ""


@pytest.mark.django_db
def test_what_hangs_on_another_companys_row_is_invisible_too():
    ours, theirs = story.a_company(), story.a_company()
    customer = story.a_customer(theirs)
    invoice = story.an_issued_invoice(customer)
    with company_scope(ours):
        assert list(invoice.lines.all()) == []
        assert list(customer.invoices.all()) == []
    with company_scope(theirs):
        assert invoice.lines.count() == 1


@pytest.mark.django_db
def test_a_scope_ends_where_it_ends_and_the_inner_one_counts():
    ours, theirs = story.a_company(), story.a_company()
    with no_scope():
        with company_scope(ours):
            with company_scope(theirs.pk):
                assert current_company_id() == theirs.pk
            assert current_company_id() == ours.pk
            with pytest.raises(ZeroDivisionError), company_scope(theirs):
                _ = 1 / 0
            assert current_company_id() == ours.pk
        with pytest.raises(NoCompanyScope):
            Invoice.objects.all()


@pytest.mark.django_db
def test_of_two_scopes_the_inner_one_holds_whichever_they_are():
    ours, theirs = story.a_company(), story.a_company()
    customer = story.a_customer(ours)
    story.a_customer(theirs)
    with across_companies():
        assert Customer.objects.count() == Customer.everywhere.count() == 2
        with company_scope(ours):
            assert [*Customer.objects.all()] == [*Customer.everywhere.all()] == [customer]
            with across_companies():
                assert Customer.objects.count() == 2
                with pytest.raises(NoCompanyScope):
                    current_company_id()
        with no_scope(), pytest.raises(NoCompanyScope):
            Customer.objects.count()
