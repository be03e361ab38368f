"""The addresses of write-offs, refunds and payment orders."""

from django.urls import path

from payments.outgoing import views as refunds
from payments.views import write_offs

urlpatterns = [
    path("payments/<int:pk>/keep/", write_offs.payment_keep, name="payment-keep"),
    path("invoices/<int:pk>/write-off/", write_offs.write_off_new, name="write-off-new"),
    path("write-offs/<int:pk>/take-back/", write_offs.write_off_take_back, name="write-off-take-back"),
    path("customers/<int:pk>/refund/", refunds.refund_new, name="refund-new"),
    path("refunds/", refunds.refund_list, name="refund-list"),
    path("refunds/order/", refunds.order_new, name="order-new"),
    path("refunds/orders/<int:pk>/", refunds.order_detail, name="order-detail"),
    path("refunds/orders/<int:pk>/file/", refunds.order_file, name="order-file"),
    path("refunds/<int:pk>/", refunds.refund_detail, name="refund-detail"),
    path("refunds/<int:pk>/cancel/", refunds.refund_cancel, name="refund-cancel"),
]
