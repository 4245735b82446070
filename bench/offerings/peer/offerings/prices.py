"""What a plan costs before anybody says how much."""

from decimal import Decimal

WORDS = {"usage": "usage-based", "fixed": "fixed", "one": "one-time", "few": "on-plan-switch", "limit": "limit"}


class Prices:
    def __init__(self, components, parts):
        by_component = {part.component_id: part for part in parts}
        self.unit = self.init = self.switch = self.asked = Decimal(0)
        types = set()
        for component in components:
            part = by_component.get(component.id)
            if part is None:
                continue
            if part.price > 0:
                types.add(component.billing_type)
            if component.billing_type == "fixed":
                self.unit += part.price * part.quota
            elif component.billing_type == "one":
                self.init += part.price * (part.quota or 1)
            elif component.billing_type == "few":
                self.switch += part.price * (part.quota or 1)
            elif component.billing_type == "limit":
                self.asked += part.price * (component.min_value or 0) / (component.factor or 1)
        self.plan_type = WORDS[types.pop()] if len(types) == 1 else "mixed"

    @property
    def minimal(self):
        return self.unit + self.asked
