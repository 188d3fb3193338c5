<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.16" styleCategories="Symbology|Labeling|Fields|MapTips|Rendering" labelsEnabled="{{labelled}}" hasScaleBasedVisibilityFlag="0" simplifyDrawingHints="0" readOnly="0">
{{body}}
</qgis>
