"""Charts as pictures: the only room that knows Matplotlib.

data.py    a chart as JSON values and back, for letters that wait
scale.py   what the axes show: limits, ticks and their labels
png.py     the picture
fonts/     Noto Sans SC (OFL), cut down to what charts can say; remade by deploy/chart_font.py
"""
