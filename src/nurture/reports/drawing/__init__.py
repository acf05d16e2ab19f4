"""A campaign's sequence as a picture: what there is to draw, where it goes, and how it looks as text and as SVG."""
