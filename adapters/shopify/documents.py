"""Every GraphQL document that we send to the Admin API, by operation name. Validated against the published schema in the tests."""

from __future__ import annotations

API_VERSION = "2026-10"
PATH = f"/admin/api/{API_VERSION}/graphql.json"

_MONEY = "{ presentmentMoney { amount currencyCode } }"
_ADDRESS = "{ name firstName lastName company address1 address2 city provinceCode zip countryCodeV2 phone }"

CHANGED_ORDERS = """
query ChangedOrders($query: String, $after: String) {
  orders(first: 100, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""

ORDER_NODE = f"""
query OrderNode($id: ID!, $after: String) {{
  order(id: $id) {{
    id name test note tags createdAt processedAt updatedAt cancelledAt cancelReason
    presentmentCurrencyCode displayFinancialStatus taxesIncluded email
    customer {{
      id firstName lastName
      defaultEmailAddress {{ emailAddress }}
      defaultPhoneNumber {{ phoneNumber }}
    }}
    shippingAddress {_ADDRESS}
    billingAddress {_ADDRESS}
    totalPriceSet {_MONEY}
    totalTaxSet {_MONEY}
    totalTipReceivedSet {_MONEY}
    originalTotalDutiesSet {_MONEY}
    originalTotalAdditionalFeesSet {_MONEY}
    shippingLines(first: 10) {{
      nodes {{
        originalPriceSet {_MONEY}
        discountAllocations {{ allocatedAmountSet {_MONEY} }}
      }}
    }}
    refunds(first: 10) {{
      id createdAt processedAt
      totalRefundedSet {_MONEY}
      refundLineItems(first: 20) {{
        nodes {{ quantity restockType lineItem {{ id }} subtotalSet {_MONEY} totalTaxSet {_MONEY} }}
      }}
      refundShippingLines(first: 5) {{ nodes {{ subtotalAmountSet {_MONEY} }} }}
    }}
    lineItems(first: 50, after: $after) {{
      nodes {{
        id sku title quantity isGiftCard
        variant {{ id }}
        originalUnitPriceSet {_MONEY}
        discountAllocations {{ allocatedAmountSet {_MONEY} }}
        taxLines(first: 10) {{ priceSet {_MONEY} }}
      }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""

FULFILLMENT_ORDERS = """
query FulfillmentOrders($id: ID!) {
  order(id: $id) {
    id
    fulfillmentOrders(first: 50) {
      nodes {
        id status
        lineItems(first: 100) { nodes { id remainingQuantity lineItem { id } } }
      }
    }
    fulfillments(first: 50) { id status trackingInfo(first: 10) { number } }
  }
}
"""

FULFILLMENT_CREATE = """
mutation FulfillmentCreate($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status }
    userErrors { field message }
  }
}
"""

TRACKING_UPDATE = """
mutation TrackingUpdate($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) {
    fulfillment { id }
    userErrors { field message }
  }
}
"""

METAFIELDS_SET = """
mutation MetafieldsSet($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { id key }
    userErrors { field message code }
  }
}
"""

INVENTORY_ITEMS = """
query InventoryItems($query: String!) {
  inventoryItems(first: 250, query: $query) {
    nodes { id sku }
  }
}
"""

INVENTORY_LEVELS = """
query InventoryLevels($items: [ID!]!, $location: ID!) {
  nodes(ids: $items) {
    ... on InventoryItem {
      id
      inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } }
    }
  }
}
"""

INVENTORY_SET = """
mutation InventorySet($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { field message code }
  }
}
"""

ORDER_CANCEL = """
mutation OrderCancel(
  $id: ID!, $reason: OrderCancelReason!, $restock: Boolean!, $refund: OrderCancelRefundMethodInput, $notify: Boolean, $note: String
) {
  orderCancel(
    orderId: $id, reason: $reason, restock: $restock, refundMethod: $refund, notifyCustomer: $notify, staffNote: $note
  ) {
    job { id done }
    orderCancelUserErrors { field message code }
  }
}
"""

CANCEL_STATE = "query CancelState($id: ID!) { order(id: $id) { id cancelledAt } }"
CANCEL_POLL = "query CancelPoll($id: ID!) { order(id: $id) { id cancelledAt } }"

# what is left of each line; `currentQuantity` is without refunded and removed units
_LEFT = "lineItems(first: 100) { nodes { id currentQuantity unfulfilledQuantity variant { id } } }"

ORDER_EDIT_BEGIN = f"""
mutation OrderEditBegin($id: ID!) {{
  orderEditBegin(id: $id) {{
    calculatedOrder {{
      id
      lineItems(first: 100) {{ nodes {{ id }} }}
      originalOrder {{ id {_LEFT} }}
    }}
    userErrors {{ field message }}
  }}
}}
"""

ORDER_EDIT_QUANTITY = """
mutation OrderEditQuantity($id: ID!, $line: ID!, $quantity: Int!) {
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $quantity, restock: false) {
    calculatedLineItem { id quantity }
    userErrors { field message }
  }
}
"""

VARIANTS = """
query Variants($query: String!) {
  productVariants(first: 250, query: $query) {
    nodes { id sku }
  }
}
"""

# `allowDuplicates`: the same variant may stand on a line that the customer bought
ORDER_EDIT_ADD = f"""
mutation OrderEditAdd($id: ID!, $variant: ID!, $quantity: Int!) {{
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $quantity, allowDuplicates: true) {{
    calculatedLineItem {{ id quantity originalUnitPriceSet {_MONEY} }}
    userErrors {{ field message }}
  }}
}}
"""

ORDER_EDIT_DISCOUNT = f"""
mutation OrderEditDiscount($id: ID!, $line: ID!, $discount: OrderEditAppliedDiscountInput!) {{
  orderEditAddLineItemDiscount(id: $id, lineItemId: $line, discount: $discount) {{
    calculatedLineItem {{ id quantity discountedUnitPriceSet {_MONEY} }}
    userErrors {{ field message }}
  }}
}}
"""

ORDER_EDIT_COMMIT = f"""
mutation OrderEditCommit($id: ID!, $notify: Boolean, $note: String) {{
  orderEditCommit(id: $id, notifyCustomer: $notify, staffNote: $note) {{
    order {{ id {_LEFT} }}
    userErrors {{ field message }}
  }}
}}
"""

ORDER_LEFT = f"query OrderLeft($id: ID!) {{ order(id: $id) {{ id {_LEFT} }} }}"

# operation name -> document
DOCUMENTS: dict[str, str] = {
    "ChangedOrders": CHANGED_ORDERS,
    "OrderNode": ORDER_NODE,
    "FulfillmentOrders": FULFILLMENT_ORDERS,
    "FulfillmentCreate": FULFILLMENT_CREATE,
    "TrackingUpdate": TRACKING_UPDATE,
    "MetafieldsSet": METAFIELDS_SET,
    "InventoryItems": INVENTORY_ITEMS,
    "InventoryLevels": INVENTORY_LEVELS,
    "InventorySet": INVENTORY_SET,
    "OrderCancel": ORDER_CANCEL,
    "CancelState": CANCEL_STATE,
    "CancelPoll": CANCEL_POLL,
    "OrderEditBegin": ORDER_EDIT_BEGIN,
    "OrderEditQuantity": ORDER_EDIT_QUANTITY,
    "Variants": VARIANTS,
    "OrderEditAdd": ORDER_EDIT_ADD,
    "OrderEditDiscount": ORDER_EDIT_DISCOUNT,
    "OrderEditCommit": ORDER_EDIT_COMMIT,
    "OrderLeft": ORDER_LEFT,
}

# operation name -> (field of the vendor's schema, points that it takes at most)
OPERATIONS: dict[str, tuple[str, int]] = {
    "ChangedOrders": ("orders", 110),
    "OrderNode": ("order", 900),
    "FulfillmentOrders": ("order", 300),
    "FulfillmentCreate": ("fulfillmentCreate", 10),
    "TrackingUpdate": ("fulfillmentTrackingInfoUpdate", 10),
    "MetafieldsSet": ("metafieldsSet", 10),
    "InventoryItems": ("inventoryItems", 260),
    "InventoryLevels": ("nodes", 310),
    "InventorySet": ("inventorySetQuantities", 10),
    "OrderCancel": ("orderCancel", 10),
    "CancelState": ("order", 1),
    "CancelPoll": ("order", 1),
    "OrderEditBegin": ("orderEditBegin", 220),
    "OrderEditQuantity": ("orderEditSetQuantity", 10),
    "Variants": ("productVariants", 260),
    "OrderEditAdd": ("orderEditAddVariant", 10),
    "OrderEditDiscount": ("orderEditAddLineItemDiscount", 10),
    "OrderEditCommit": ("orderEditCommit", 110),
    "OrderLeft": ("order", 110),
}
