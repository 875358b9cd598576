def as_stored():
    return {f"order-{n:03}": {"items": n % 7, "total": n * 25} for n in range(120)}


def test_orders_survive_a_restart():
    written = as_stored()
    read_back = as_stored()
    read_back["order-057"]["total"] = 1400
    del read_back["order-119"]
    assert read_back == written
