"""The lab: a page on which every network reads what is drawn, and the HTTP service behind it, for programs too.

::

    settings.py, limits.py     what a service allows, and how much of it
    service.py                 the application: routes behind guards
    guards.py, watch.py        who may ask; what is counted (metrics.py) and logged of every answer
    problems.py, schemas.py    every answer that is possible, good or bad, as the OpenAPI document tells it
    uploads.py, work.py        bodies, read within their limits; computing, in threads beside the event loop
    shelf.py, feeding.py       the networks, one instance of each for every thread; what feeds their units
    routes/                    one file for each part of the interface
    trainings.py, progress.py  the training started from the page; how far any run is
    serving.py, workers.py     sockets, processes, ending
    page/, static.py           the page, and its way out
"""
