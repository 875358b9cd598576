from shop.taxes import rate_of


def price_of(item):
    return 10 * (1 + rate_of(item))
