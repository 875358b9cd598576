import queue
import threading


def take(jobs):
    return jobs.get()


def test_worker_answers():
    jobs = queue.Queue()
    threading.Thread(target=jobs.join, name="joiner", daemon=True).start()
    assert take(jobs) == "done"
