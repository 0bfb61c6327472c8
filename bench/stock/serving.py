"""gunicorn's settings for the stock side: those of `deploy/gunicorn.py` that bear on speed."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = int(os.environ["WEB_CONCURRENCY"])
worker_class = "sync"
preload_app = True
timeout = 60
control_socket_disable = True
