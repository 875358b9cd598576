from shop.prices import price_of
