"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern, path

from billing.api import books, entries, orders, products, stock
from billing.api.invoices import deposits, disputes, generating, stats
from billing.api.purchases import orders as purchase_orders
from billing.api.purchases import routes as purchases
from billing.api.purchases import suppliers

urlpatterns: list[URLPattern] = [
    path("products", products.ProductList.as_view(), name="products"),
    path("products/<int:id>", products.ProductItem.as_view(), name="product"),
    path("products/<int:id>/stock", stock.ProductStock.as_view(), name="product-stock"),
    path("books/fec", books.FecFile.as_view(), name="books-fec"),
    path("vat-returns", books.VatReturnList.as_view(), name="vat-returns"),
    path("vat-returns/<int:id>", books.VatReturnItem.as_view(), name="vat-return"),
    path("journal-entries", entries.JournalEntryList.as_view(), name="journal-entries"),
    path("journal-entries/<int:id>", entries.JournalEntryItem.as_view(), name="journal-entry"),
    path("purchases", purchases.PurchaseList.as_view(), name="purchases"),
    path("purchases/<int:id>", purchases.PurchaseItem.as_view(), name="purchase"),
    path("purchases/<int:id>/check", purchases.PurchaseCheck.as_view(), name="purchase-check"),
    path("purchases/<int:id>/approve", purchases.PurchaseApprove.as_view(), name="purchase-approve"),
    path("purchases/<int:id>/book", purchases.PurchaseBook.as_view(), name="purchase-book"),
    path("purchases/<int:id>/refuse", purchases.PurchaseRefuse.as_view(), name="purchase-refuse"),
    path("purchases/<int:id>/dispute", purchases.PurchaseDispute.as_view(), name="purchase-dispute"),
    path("purchase-orders", purchase_orders.PurchaseOrderList.as_view(), name="purchase-orders"),
    path("purchase-orders/<int:id>", purchase_orders.PurchaseOrderItem.as_view(), name="purchase-order"),
    path("purchase-orders/<int:id>/place", purchase_orders.PurchaseOrderPlace.as_view(), name="purchase-order-place"),
    path("purchase-orders/<int:id>/close", purchase_orders.PurchaseOrderClose.as_view(), name="purchase-order-close"),
    path(
        "purchase-orders/<int:id>/reopen", purchase_orders.PurchaseOrderReopen.as_view(), name="purchase-order-reopen"
    ),
    path(
        "purchase-orders/<int:id>/cancel", purchase_orders.PurchaseOrderCancel.as_view(), name="purchase-order-cancel"
    ),
    path(
        "purchase-orders/<int:id>/receipts",
        purchase_orders.PurchaseOrderReceipts.as_view(),
        name="purchase-order-receipts",
    ),
    path("suppliers", suppliers.SupplierList.as_view(), name="suppliers"),
    path("suppliers/<int:id>", suppliers.SupplierItem.as_view(), name="supplier"),
    path("suppliers/<int:id>/ibans", suppliers.SupplierIbans.as_view(), name="supplier-ibans"),
    path("orders", orders.OrderList.as_view(), name="orders"),
    path("orders/<int:id>", orders.OrderItem.as_view(), name="order"),
    path("orders/<int:id>/confirm", orders.OrderConfirm.as_view(), name="order-confirm"),
    path("orders/<int:id>/ship", orders.OrderShip.as_view(), name="order-ship"),
    path("orders/<int:id>/cancel", orders.OrderCancel.as_view(), name="order-cancel"),
    path("orders/<int:id>/deposits", deposits.OrderDeposits.as_view(), name="order-deposits"),
    path("invoices/generate/bulk", generating.InvoiceGenerateMany.as_view(), name="invoice-generate-many"),
    path("invoices/generate", generating.InvoiceGenerate.as_view(), name="invoice-generate"),
    path("invoices/stats", stats.InvoiceStats.as_view(), name="invoice-stats"),
    path("invoices/<int:id>/deposits", deposits.InvoiceDeposits.as_view(), name="invoice-deposits"),
    path("invoices/<int:id>/deductions", deposits.InvoiceDeductions.as_view(), name="invoice-deductions"),
    path("invoices/<int:id>/corrections", deposits.InvoiceCorrections.as_view(), name="invoice-corrections"),
    path("invoices/<int:id>/disputes", disputes.InvoiceDisputes.as_view(), name="invoice-disputes"),
]
