"""The nouns of buying."""

from billing.purchases.models.approval import ApprovalRule as ApprovalRule
from billing.purchases.models.approval import Delegation as Delegation
from billing.purchases.models.approval import PurchaseApproval as PurchaseApproval
from billing.purchases.models.approval import PurchaseSettings as PurchaseSettings
from billing.purchases.models.approval import RuleApprover as RuleApprover
from billing.purchases.models.invoices import ENDED as ENDED
from billing.purchases.models.invoices import IN_BOOKS as IN_BOOKS
from billing.purchases.models.invoices import PurchaseInvoice as PurchaseInvoice
from billing.purchases.models.invoices import PurchaseQuerySet as PurchaseQuerySet
from billing.purchases.models.invoices import PurchaseStatus as PurchaseStatus
from billing.purchases.models.orders import OrderMatch as OrderMatch
from billing.purchases.models.orders import PurchaseOrder as PurchaseOrder
from billing.purchases.models.orders import PurchaseOrderLine as PurchaseOrderLine
from billing.purchases.models.orders import PurchaseOrderStatus as PurchaseOrderStatus
from billing.purchases.models.orders import Receipt as Receipt
from billing.purchases.models.orders import ReceiptLine as ReceiptLine
from billing.purchases.models.parts import PurchaseCredit as PurchaseCredit
from billing.purchases.models.parts import PurchaseDeposit as PurchaseDeposit
from billing.purchases.models.parts import PurchaseLine as PurchaseLine
from billing.purchases.models.parts import PurchaseSettlement as PurchaseSettlement
from billing.purchases.models.parts import PurchaseVat as PurchaseVat
from billing.purchases.models.prepaid import PrepaidShare as PrepaidShare
from billing.purchases.models.suppliers import SupplierIban as SupplierIban
from billing.purchases.models.suppliers import SupplierRule as SupplierRule
