"""Orders of a simulated shop from the webhook's shape to that of the Admin API. Pure."""

from __future__ import annotations

from typing import Any

from adapters.shopify.shop import PRESENTMENT, Body


def _money(body: Body, name: str, currency: str) -> Body | None:
    """The presentment amount of `total_price_set` or `total_price`, as a MoneyBag."""
    both = body.get(f"{name}_set") or {}
    amount = (both.get(PRESENTMENT) or {}).get("amount") or body.get(name)
    return None if amount is None else {"presentmentMoney": {"amount": str(amount), "currencyCode": currency}}


def _address(body: Body | None) -> Body | None:
    if not body:
        return None
    pairs = {
        "name": "name",
        "firstName": "first_name",
        "lastName": "last_name",
        "company": "company",
        "address1": "address1",
        "address2": "address2",
        "city": "city",
        "provinceCode": "province_code",
        "zip": "zip",
        "countryCodeV2": "country_code",
        "phone": "phone",
    }
    return {theirs: body.get(ours) for theirs, ours in pairs.items()}


def _allocations(body: Body, currency: str) -> list[Body]:
    return [
        {"allocatedAmountSet": _money(allocation, "amount", currency)}
        for allocation in body.get("discount_allocations") or ()
    ]


def _gid(kind: str, value: Any) -> str | None:
    return None if value is None else f"gid://shopify/{kind}/{value}"


def _line(line: Body, currency: str) -> Body:
    return {
        "id": _gid("LineItem", line["id"]),
        "sku": line.get("sku"),
        "title": line.get("title") or "",
        "quantity": line["quantity"],
        "isGiftCard": bool(line.get("gift_card")),
        "variant": {"id": _gid("ProductVariant", line["variant_id"])} if line.get("variant_id") else None,
        "originalUnitPriceSet": _money(line, "price", currency),
        "discountAllocations": _allocations(line, currency),
        "taxLines": [{"priceSet": _money(tax, "price", currency)} for tax in line.get("tax_lines") or ()],
    }


def _refund(refund: Body, currency: str) -> Body:
    adjustments = refund["order_adjustments"]
    return {
        "id": _gid("Refund", refund["id"]),
        "createdAt": refund["created_at"],
        "processedAt": refund["processed_at"],
        "totalRefundedSet": _money(refund["transactions"][0], "amount", currency),
        "refundLineItems": {
            "nodes": [
                {
                    "quantity": line["quantity"],
                    "restockType": str(line.get("restock_type") or "no_restock").upper(),
                    "lineItem": {"id": _gid("LineItem", line["line_item_id"])},
                    "subtotalSet": _money(line, "subtotal", currency),
                    "totalTaxSet": _money(line, "total_tax", currency),
                }
                for line in refund["refund_line_items"]
            ]
        },
        "refundShippingLines": {"nodes": [{"subtotalAmountSet": _money(a, "amount", currency)} for a in adjustments]},
    }


def order_node(order: Body) -> Body:
    """An order of the shop as the Admin API shows it."""
    currency = str(order.get("presentment_currency") or order["currency"])
    buyer, status = order.get("customer"), order.get("financial_status")
    reason = order.get("cancel_reason")
    return {
        "id": _gid("Order", order["id"]),
        "name": order.get("name"),
        "test": bool(order.get("test")),
        "note": order.get("note"),
        "tags": [tag.strip() for tag in str(order.get("tags") or "").split(",") if tag.strip()],
        "createdAt": order["created_at"],
        "processedAt": order.get("processed_at") or order["created_at"],
        "updatedAt": order["updated_at"],
        "cancelledAt": order.get("cancelled_at"),
        "cancelReason": reason.upper() if reason else None,
        "presentmentCurrencyCode": currency,
        "displayFinancialStatus": status.upper() if status else None,
        "taxesIncluded": bool(order.get("taxes_included")),
        "email": order.get("email"),
        "customer": buyer
        and {
            "id": _gid("Customer", buyer["id"]),
            "firstName": buyer.get("first_name"),
            "lastName": buyer.get("last_name"),
            "defaultEmailAddress": {"emailAddress": buyer["email"]} if buyer.get("email") else None,
            "defaultPhoneNumber": {"phoneNumber": buyer["phone"]} if buyer.get("phone") else None,
        },
        "shippingAddress": _address(order.get("shipping_address")),
        "billingAddress": _address(order.get("billing_address")),
        "totalPriceSet": _money(order, "total_price", currency),
        "totalTaxSet": _money(order, "total_tax", currency),
        "totalTipReceivedSet": _money(order, "total_tip_received", currency),
        "originalTotalDutiesSet": _money(order, "original_total_duties", currency),
        "originalTotalAdditionalFeesSet": _money(order, "original_total_additional_fees", currency),
        "shippingLines": {
            "nodes": [
                {
                    "originalPriceSet": _money(line, "price", currency),
                    "discountAllocations": _allocations(line, currency),
                }
                for line in order.get("shipping_lines") or ()
            ]
        },
        "refunds": [_refund(refund, currency) for refund in order.get("refunds") or ()],
        "lineItems": {"nodes": [_line(line, currency) for line in order["line_items"]]},
    }
