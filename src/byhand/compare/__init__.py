"""Train several networks and compare them: `runner` trains, `result` holds one line of the table.

`byhand.viz.comparison` writes the page.
"""
